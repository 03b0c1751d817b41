#include "error.h"

RdError::RdError(rd_kafka_resp_err_t err) : code(err), fatal(err == RD_KAFKA_RESP_ERR__FATAL) {
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) message = rd_kafka_err2str(err);
}

RdError::RdError(rd_kafka_resp_err_t err, const char* text) : RdError(err) {
  if (text != nullptr && *text != '\0') message = text;
}

RdError::RdError(const rd_kafka_error_t* error) {
  if (error == nullptr) return;
  code = rd_kafka_error_code(error);
  message = rd_kafka_error_string(error);
  fatal = rd_kafka_error_is_fatal(error) != 0;
  retriable = rd_kafka_error_is_retriable(error) != 0;
  abortable = rd_kafka_error_txn_requires_abort(error) != 0;
}

Napi::Value ToJs(Napi::Env env, const RdError& error) {
  if (!error) return env.Null();
  return MakeObject(env, "code", error.code, "name", rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(error.code)),
                    "message", error.message, "fatal", error.fatal, "retriable", error.retriable, "abortable",
                    error.abortable);
}

Napi::Value ErrorCodes(Napi::Env env) {
  const rd_kafka_err_desc* descriptions = nullptr;
  size_t count = 0;
  rd_kafka_get_err_descs(&descriptions, &count);
  std::vector<Napi::Value> list;
  for (size_t i = 0; i < count; i++) {
    const auto& [code, name, text] = descriptions[i];
    if (name != nullptr)
      list.push_back(MakeObject(env, "code", static_cast<int>(code), "name", name, "description", text));
  }
  return ToJs(env, list);
}
