#include "conf.h"

Settings SettingsFromJs(const Napi::Value& value) {
  Settings settings;
  Each(value, [&](const Napi::Value& item) {
    std::vector<std::string> pair;
    Each(item, [&](const Napi::Value& part) { pair.push_back(Text(part)); });
    if (pair.size() == 2) settings.emplace_back(std::move(pair[0]), std::move(pair[1]));
  });
  return settings;
}

namespace {

#ifdef RDKAFKA_RX_OPENSSL_STATIC
bool IsSet(const rd::Conf& conf, const char* key) {
  size_t size = 0;
  return rd_kafka_conf_get(conf.get(), key, nullptr, &size) == RD_KAFKA_CONF_OK && size > 1;
}

// The authorities that a static OpenSSL knows are those of the system it was built on. librdkafka searches
// the usual places of this system when it connects to brokers, but for token endpoints only with "probe".
void FindAuthorities(const rd::Conf& conf) {
  rd::ErrText text;
  if (!IsSet(conf, "https.ca.location") && !IsSet(conf, "https.ca.pem"))
    rd_kafka_conf_set(conf.get(), "https.ca.location", "probe", text.data, text.size);
}
#else
void FindAuthorities(const rd::Conf&) {}
#endif

}  // namespace

rd::Conf MakeConf(const Settings& settings, RdError* error) {
  rd::Conf conf(rd_kafka_conf_new());
  rd::ErrText text;
  for (const auto& [key, value] : settings) {
    rd_kafka_conf_res_t result = rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), text.data, text.size);
    if (result == RD_KAFKA_CONF_OK) continue;
    // librdkafka's own text may quote the value, and the value may be a secret: name the key, keep the text out.
    const std::string why = result == RD_KAFKA_CONF_UNKNOWN
                                ? std::string("librdkafka ") + rd_kafka_version_str() + " does not know the property \""
                                : "librdkafka refused the value of \"";
    *error = RdError(RD_KAFKA_RESP_ERR__INVALID_ARG, (why + key + "\"").c_str());
    return nullptr;
  }
  FindAuthorities(conf);
  return conf;
}

rd_kafka_t* MakeHandle(rd_kafka_type_t type, rd::Conf conf, RdError* error) {
  rd::ErrText text;
  rd_kafka_conf_set(conf.get(), "log.queue", "true", text.data, text.size);
  rd_kafka_t* rk = rd_kafka_new(type, conf.get(), text.data, text.size);
  if (rk == nullptr) {
    rd_kafka_resp_err_t err = rd_kafka_last_error();
    *error = RdError(err == RD_KAFKA_RESP_ERR_NO_ERROR ? RD_KAFKA_RESP_ERR__INVALID_ARG : err, text.data);
    return nullptr;
  }
  (void)conf.release();                 // owned by the handle now
  rd_kafka_set_log_queue(rk, nullptr);  // the main queue
  return rk;
}
