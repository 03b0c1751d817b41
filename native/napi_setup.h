// The only place that includes napi.h, so that its configuration macros always come first.
#pragma once

#ifndef NAPI_VERSION
#define NAPI_VERSION 9
#endif
// A terminating worker refuses to throw; without this an exception on its way out aborts the process.
#ifndef NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#endif
#ifndef NAPI_DISABLE_CPP_EXCEPTIONS
#define NAPI_DISABLE_CPP_EXCEPTIONS
#endif

#include <napi.h>
