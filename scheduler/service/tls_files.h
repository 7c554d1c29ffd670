// The files of mutual TLS, read and checked before they reach the library that uses them, whose own
// complaints say little.
#pragma once

#include <string>

#include "fairlead/base/result.h"
#include "fairlead/service/grpc_server.h"

namespace fairlead::service {

struct TlsTexts {
  std::string cert_pem, key_pem, client_ca_pem;
};

// Error, with the file and its field: cannot be read, no certificate or key in it, or the key is
// not that of the certificate.
Result<TlsTexts> ReadTlsFiles(const TlsFiles& files);

}  // namespace fairlead::service
