// A librdkafka error as a plain value that may cross threads, and its JavaScript shape.
#pragma once

#include "js.h"
#include "rd.h"

struct RdError {
  int code = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string message;
  bool fatal = false;
  bool retriable = false;
  bool abortable = false;

  RdError() = default;
  explicit RdError(rd_kafka_resp_err_t err);
  RdError(rd_kafka_resp_err_t err, const char* text);
  explicit RdError(const rd_kafka_error_t* error);
  explicit RdError(const rd::Error& error) : RdError(error.get()) {}

  explicit operator bool() const { return code != RD_KAFKA_RESP_ERR_NO_ERROR; }
};

// { code, name, message, fatal, retriable, abortable }; null without an error.
Napi::Value ToJs(Napi::Env env, const RdError& error);

// The table of all codes this librdkafka knows: [{ code, name, description }].
Napi::Value ErrorCodes(Napi::Env env);
