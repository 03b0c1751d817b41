// The OpenSSL linked into the addon, when it is a static one.
#ifdef RDKAFKA_RX_OPENSSL_STATIC
#include <openssl/crypto.h>

namespace {

// OpenSSL frees its tables in an atexit handler. At process.exit() librdkafka's threads still run: 13 of 200 exits with
// TLS traffic crashed. The first initialisation decides, so this one comes when the addon is loaded, before
// librdkafka's.
__attribute__((constructor)) void KeepOpenSslAtExit() { OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr); }

}  // namespace
#endif
