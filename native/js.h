// Plain values to JavaScript and back, each conversion once.
//
// A worker can be terminated at any moment, also in the middle of a native function: from then on node refuses every
// call that could run JavaScript (a property read is one). node-addon-api answers with an empty value, and aborts the
// process when that is used. So values are read and written here only: a refused read is a default, a refused write
// is nothing, and an exception that a getter threw stays pending for the caller.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "napi_setup.h"

template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
Napi::Value ToJs(Napi::Env env, T value) {
  if constexpr (std::is_same_v<T, bool>) return Napi::Boolean::New(env, value);
  return Napi::Number::New(env, static_cast<double>(value));
}
inline Napi::Value ToJs(Napi::Env env, std::nullptr_t) { return env.Undefined(); }
inline Napi::Value ToJs(Napi::Env env, const char* text) { return Napi::String::New(env, text == nullptr ? "" : text); }
inline Napi::Value ToJs(Napi::Env env, const std::string& text) { return Napi::String::New(env, text); }
inline Napi::Value ToJs(Napi::Env, const Napi::Value& value) { return value; }
template <class T>
Napi::Value ToJs(Napi::Env env, const std::optional<T>& value) {
  return value ? ToJs(env, *value) : env.Null();
}
template <class T>
Napi::Value ToJs(Napi::Env env, const std::vector<T>& values) {
  Napi::Array array = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); i++) napi_set_element(env, array, i, ToJs(env, values[i]));
  return array;
}

template <class T, class... More>
void Fill(const Napi::Object& object, const char* key, const T& value, const More&... more) {
  napi_set_named_property(object.Env(), object, key, ToJs(object.Env(), value));
  if constexpr (sizeof...(more) > 0) Fill(object, more...);
}
// { key: value, ... }
template <class... Fields>
Napi::Object MakeObject(Napi::Env env, const Fields&... fields) {
  Napi::Object object = Napi::Object::New(env);
  Fill(object, fields...);
  return object;
}

// Empty when the property is missing, or node refuses to read it.
inline Napi::Value Get(const Napi::Value& from, const char* key) {
  napi_value value = nullptr;
  if (!from.IsObject() || napi_get_named_property(from.Env(), from, key, &value) != napi_ok) return Napi::Value();
  return Napi::Value(from.Env(), value);
}
template <class Visit>
void Each(const Napi::Value& from, Visit visit) {
  uint32_t length = 0;
  if (!from.IsArray() || napi_get_array_length(from.Env(), from, &length) != napi_ok) return;
  for (uint32_t i = 0; i < length; i++) {
    napi_value value = nullptr;
    if (napi_get_element(from.Env(), from, i, &value) != napi_ok) return;
    visit(Napi::Value(from.Env(), value));
  }
}
inline std::string Text(const Napi::Value& value) {
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}
inline int64_t Integer(const Napi::Value& value, int64_t otherwise) {
  bool lossless = false;
  if (value.IsBigInt()) return value.As<Napi::BigInt>().Int64Value(&lossless);
  return value.IsNumber() ? value.As<Napi::Number>().Int64Value() : otherwise;
}
inline int32_t Int(const Napi::Value& value, int32_t otherwise) {
  return value.IsNumber() ? value.As<Napi::Number>().Int32Value() : otherwise;
}
inline bool Flag(const Napi::Value& value, bool otherwise) {
  return value.IsBoolean() ? value.As<Napi::Boolean>().Value() : otherwise;
}

// What TypeScript always passes: the defaults are its own. Otherwise a TypeError that names it is pending, and the
// value is 0 or false. An exception that is pending already (a getter threw) stays.
inline void ThrowMissing(Napi::Env env, const char* name, const char* type) {
  if (env.IsExceptionPending()) return;
  Napi::TypeError::New(env, std::string(name) + " must be a " + type).ThrowAsJavaScriptException();
}
inline int64_t RequiredInteger(Napi::Env env, const Napi::Value& value, const char* name) {
  if (!value.IsNumber()) ThrowMissing(env, name, "number");
  return Integer(value, 0);
}
inline bool RequiredFlag(Napi::Env env, const Napi::Value& value, const char* name) {
  if (!value.IsBoolean()) ThrowMissing(env, name, "boolean");
  return Flag(value, false);
}
inline int32_t RequiredMs(Napi::Env env, const Napi::Value& value, const char* name = "timeoutMs") {
  if (!value.IsNumber()) ThrowMissing(env, name, "number");
  return Int(value, 0);
}
