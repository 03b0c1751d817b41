{
  # Built by `npm run build:native`, which finds or builds librdkafka first. `sanitize` is address, thread or empty;
  # `prebuilt` is 1 for the addon to publish, which brings the C++ library along;
  # `root` is this directory, also when a sanitizer build includes this file from its own directory.
  "variables": {
    "sanitize%": "",
    "prebuilt%": "0",
    "root%": "<(module_root_dir)"
  },
  "targets": [
    {
      "target_name": "rdkafka_rx",
      "sources": ["<!@(node <(root)/scripts/build-native.mjs --list-sources)"],
      "include_dirs": ["<(root)/native", "<!(node <(root)/scripts/build-native.mjs --list-napi)"],
      "libraries": ["<!@(node <(root)/scripts/librdkafka.mjs libs <(sanitize))"],
      "defines": [
        "NAPI_VERSION=9",
        "NAPI_DISABLE_CPP_EXCEPTIONS",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "<!@(node <(root)/scripts/librdkafka.mjs defines <(sanitize))"
      ],
      # node's common.gypi asks for what V8's headers need; the addon is Node-API only.
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
      "cflags_cc": ["-std=c++17"],
      "cflags": ["<!@(node <(root)/scripts/librdkafka.mjs include <(sanitize))", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-fvisibility=hidden", "-fstack-protector-strong"],
      "cflags!": ["-O3"],
      "conditions": [
        ["OS=='linux'", {
          "cflags": ["-O2", "-g"],
          "ldflags": [
            # Node dlcloses an addon that only a worker loaded, with librdkafka's threads still in it.
            "-Wl,-z,nodelete",
            # Node exports its own OpenSSL and zlib: without these the statically linked ones would bind to Node's.
            "-Wl,--exclude-libs,ALL",
            "-Wl,-Bsymbolic",
            "-Wl,-z,relro,-z,now",
            "-Wl,--version-script=<(root)/native/exports.map"
          ]
        }],
        ["OS=='mac'", {
          "xcode_settings": {
            "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
            "CLANG_CXX_LIBRARY": "libc++",
            "GCC_ENABLE_CPP_EXCEPTIONS": "NO",
            "GCC_OPTIMIZATION_LEVEL": "2",
            "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
            "MACOSX_DEPLOYMENT_TARGET": "12.0",
            "OTHER_CFLAGS": ["<!@(node <(root)/scripts/librdkafka.mjs include <(sanitize))", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-fvisibility=hidden"],
            # macOS links two-level: what is linked in stays bound to itself. dlclose of an image with running threads is the nodelete case.
            "OTHER_LDFLAGS": ["-Wl,-exported_symbol,_napi_register_module_v1", "-Wl,-exported_symbol,_node_api_module_get_api_version_v1"]
          }
        }],
        ["OS=='win'", {
          "include_dirs": ["<!(node <(root)/scripts/librdkafka.mjs path)"],
          "defines": ["NOMINMAX", "WIN32_LEAN_AND_MEAN"],
          "msvs_settings": {
            "VCCLCompilerTool": {"AdditionalOptions": ["/std:c++17", "/utf-8"], "ExceptionHandling": 1}
          }
        }],
        ["OS=='linux' and prebuilt==1", {
          # libgcc_s stays shared: Node needs it too, and the static one asks for a newer glibc. So does what nobody calls.
          "ldflags": ["-static-libstdc++", "-Wl,--gc-sections"]
        }],
        ["OS=='linux' and sanitize!=''", {
          "cflags": ["-fsanitize=<(sanitize)", "-fno-omit-frame-pointer", "-O1"],
          "ldflags": ["-fsanitize=<(sanitize)"]
        }],
        ["OS=='linux' and sanitize=='address'", {
          # vptr is mistaken about calls through a pointer to a member of a base, which is how node-addon-api calls us.
          "cflags": ["-fsanitize=undefined,float-cast-overflow", "-fno-sanitize=vptr", "-fno-sanitize-recover=all"],
          "ldflags": ["-fsanitize=undefined"]
        }]
      ]
    }
  ]
}
