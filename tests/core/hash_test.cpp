#include "stoker/core/hash.h"

#include <string>

#include "support/catch.h"

using namespace stoker;

// The messages of NIST's "Examples with Intermediate Values" for SHA-256.
TEST_CASE("sha256 gives the published digests") {
  CHECK(sha256_hex({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex(as_bytes("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(as_bytes(std::string(1'000'000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256 does not depend on the pieces") {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  const std::string whole = sha256_hex(as_bytes(text));
  for (size_t piece = 1; piece <= 130; ++piece) {
    Sha256 hash;
    for (size_t at = 0; at < text.size(); at += piece) {
      hash.update(as_bytes(std::string_view(text).substr(at, piece)));
    }
    INFO("pieces of " << piece);
    CHECK(hash.hex() == whole);
  }
}

TEST_CASE("sha256 pads every length around a block's end") {
  // Digests of the digests of 0…129 letters a, from Python's hashlib:
  // sha256("".join(sha256(b"a" * n).hexdigest() for n in range(130)).encode()).hexdigest()
  std::string digests;
  for (size_t n = 0; n < 130; ++n) digests += sha256_hex(as_bytes(std::string(n, 'a')));
  CHECK(sha256_hex(as_bytes(digests)) ==
        "c665ed20ef30f158e90c7e921d8182bc0943c4b087a82f64a18d417bcdfadce7");
}
