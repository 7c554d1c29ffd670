// Serving certificates for tests.
#pragma once

#include <string>

namespace fairlead::e2e {

// Writes a certificate for 127.0.0.1 and its key as PEM files, signed by the CA of DIR (ca.crt,
// ca.key), valid from now + `from_s` to now + `until_s` seconds.
bool WriteCertificate(const std::string& ca_dir, const std::string& certificate_file,
                      const std::string& key_file, long from_s, long until_s);

}  // namespace fairlead::e2e
