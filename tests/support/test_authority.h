// Certificates for tests, made in memory.
#pragma once

#include <string>

namespace fairlead::testing {

struct Certificate {
  std::string cert_pem, key_pem;
};

// A certificate authority of its own.
Certificate MakeAuthority(const std::string& name);

// Signed by `authority`, for `names` ("IP:127.0.0.1,DNS:localhost"), valid from now + `from_s` to
// now + `until_s` seconds.
Certificate MakeCertificate(const Certificate& authority, const std::string& names,
                            long from_s = -3600, long until_s = 3600);

}  // namespace fairlead::testing
