#include "error.h"

RdError::RdError(rd_kafka_resp_err_t err) : code(err) {
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) message = rd_kafka_err2str(err);
  fatal = err == RD_KAFKA_RESP_ERR__FATAL;
}

RdError::RdError(rd_kafka_resp_err_t err, std::string text) : RdError(err) {
  if (!text.empty()) message = std::move(text);
}

RdError::RdError(const rd_kafka_error_t* error) {
  if (error == nullptr) return;
  code = rd_kafka_error_code(error);
  message = rd_kafka_error_string(error);
  fatal = rd_kafka_error_is_fatal(error) != 0;
  retriable = rd_kafka_error_is_retriable(error) != 0;
  abortable = rd_kafka_error_txn_requires_abort(error) != 0;
}

Napi::Value RdError::ToJs(Napi::Env env) const {
  if (!*this) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object["code"] = Napi::Number::New(env, code);
  object["name"] = Napi::String::New(env, rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code)));
  object["message"] = Napi::String::New(env, message);
  object["fatal"] = Napi::Boolean::New(env, fatal);
  object["retriable"] = Napi::Boolean::New(env, retriable);
  object["abortable"] = Napi::Boolean::New(env, abortable);
  return object;
}

Napi::Value ErrorCodes(Napi::Env env) {
  const rd_kafka_err_desc* descriptions = nullptr;
  size_t count = 0;
  rd_kafka_get_err_descs(&descriptions, &count);
  Napi::Array list = Napi::Array::New(env);
  uint32_t at = 0;
  for (size_t i = 0; i < count; i++) {
    if (descriptions[i].name == nullptr) continue;
    Napi::Object entry = Napi::Object::New(env);
    entry["code"] = Napi::Number::New(env, descriptions[i].code);
    entry["name"] = Napi::String::New(env, descriptions[i].name);
    entry["description"] = Napi::String::New(env, descriptions[i].desc == nullptr ? "" : descriptions[i].desc);
    list[at++] = entry;
  }
  return list;
}
