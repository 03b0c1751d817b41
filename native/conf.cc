#include "conf.h"

Settings SettingsFromJs(const Napi::Value& value) {
  Settings settings;
  if (!value.IsArray()) return settings;
  Napi::Array array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) {
    Napi::Value item = array[i];
    if (!item.IsArray()) continue;
    Napi::Array pair = item.As<Napi::Array>();
    settings.emplace_back(Napi::Value(pair[0u]).ToString().Utf8Value(), Napi::Value(pair[1u]).ToString().Utf8Value());
  }
  return settings;
}

rd::Conf MakeConf(const Settings& settings, RdError* error) {
  rd::Conf conf(rd_kafka_conf_new());
  char text[512];
  for (const auto& [key, value] : settings) {
    rd_kafka_conf_res_t result = rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), text, sizeof text);
    if (result == RD_KAFKA_CONF_OK) continue;
    // librdkafka's own text may quote the value, and the value may be a secret: name the key, keep the text out.
    *error = RdError(RD_KAFKA_RESP_ERR__INVALID_ARG,
                     result == RD_KAFKA_CONF_UNKNOWN ? "librdkafka " + std::string(rd_kafka_version_str()) +
                                                           " does not know the property \"" + key + "\""
                                                     : "librdkafka refused the value of \"" + key + "\"");
    return nullptr;
  }
  return conf;
}

rd_kafka_t* MakeHandle(rd_kafka_type_t type, rd::Conf conf, RdError* error) {
  char text[512];
  rd_kafka_conf_set(conf.get(), "log.queue", "true", text, sizeof text);
  rd_kafka_t* rk = rd_kafka_new(type, conf.get(), text, sizeof text);
  if (rk == nullptr) {
    rd_kafka_resp_err_t err = rd_kafka_last_error();
    *error = RdError(err == RD_KAFKA_RESP_ERR_NO_ERROR ? RD_KAFKA_RESP_ERR__INVALID_ARG : err, text);
    return nullptr;
  }
  (void)conf.release();                 // owned by the handle now
  rd_kafka_set_log_queue(rk, nullptr);  // the main queue
  return rk;
}
