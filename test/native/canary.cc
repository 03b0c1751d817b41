// Makes the mistake it is told to make, so that a sanitizer that sees nothing is not taken for code without mistakes.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

namespace {
volatile size_t eight = 8;
volatile int32_t most = INT32_MAX;
int shared = 0;

// By itself, so that nothing of it stays on the stack that is looked through for pointers.
__attribute__((noinline)) void Leak() {
  volatile uint8_t* bytes = new uint8_t[eight];
  bytes[0] = 1;
}
}  // namespace

int main(int argc, char** argv) {
  const char* const mistake = argc > 1 ? argv[1] : "";
  auto is = [&](const char* name) { return std::strcmp(mistake, name) == 0; };
  auto bytes = std::make_unique<uint8_t[]>(eight);
  volatile uint8_t* const raw = bytes.get();
  if (is("none")) return raw[eight - 1];
  if (is("overflow")) return raw[eight];
  if (is("leak")) return Leak(), 0;
  if (is("undefined")) return most + 1 == 0;
  if (is("use-after-free")) return bytes.reset(), raw[0];
  if (is("race")) {
    std::thread other([] { shared++; });
    shared++;
    other.join();
    return 0;
  }
  std::fprintf(stderr, "canary: no mistake of the name '%s'\n", mistake);
  return 2;
}
