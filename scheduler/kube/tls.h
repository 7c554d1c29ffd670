// OpenSSL contexts for the API server, made from a Connection. OpenSSL's own types are kept out.
#pragma once

#include <string>

#include "fairlead/base/result.h"
#include "fairlead/kube/client.h"

struct ssl_ctx_st;
struct ssl_st;

namespace fairlead::kube {

// A client context: TLS 1.2 or newer, verifying against the connection's CA (or the system's store)
// unless it asks for none, with the client certificate where there is one. The caller owns it.
Result<ssl_ctx_st*> MakeTlsContext(const Connection& connection);

// Sets what the peer's certificate must name, and SNI where that is a host name.
Status SetTlsPeer(ssl_st* ssl, const std::string& name);

// Why the last handshake of `ssl` failed, in words; empty where the certificate was not the reason.
std::string TlsVerifyError(ssl_st* ssl, const std::string& name);

}  // namespace fairlead::kube
