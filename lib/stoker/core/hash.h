// Checksums: SHA-256 (FIPS 180-4) for files, in pieces or at once, by OpenSSL.
#pragma once

#include <memory>
#include <string>

#include "stoker/core/file.h"

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace stoker {

class Sha256 {
 public:
  Sha256();
  void update(Bytes bytes);
  // 64 lower-case hexadecimal digits. The object may not be used afterwards.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

std::string sha256_hex(Bytes bytes);

}  // namespace stoker
