// [[key, value], ...] as checked by the TypeScript side -> rd_kafka_conf_t.
#pragma once

#include <utility>

#include "error.h"

using Settings = std::vector<std::pair<std::string, std::string>>;

Settings SettingsFromJs(const Napi::Value& value);

// Null and `error` set when librdkafka refuses a property.
rd::Conf MakeConf(const Settings& settings, RdError* error);

// Creates a client; on failure null and `error` says why. Logs go to the main queue, which the poll loop serves.
rd_kafka_t* MakeHandle(rd_kafka_type_t type, rd::Conf conf, RdError* error);
