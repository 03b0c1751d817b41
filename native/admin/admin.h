// The JS thread's half of an admin client.
#pragma once

#include "admin/driver.h"

// new Admin(settings, options, deliver), with a method for every AdminOperation. lib/native/interface.ts describes
// them.
class Admin final : public Napi::ObjectWrap<Admin>, public Client {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Admin(const Napi::CallbackInfo& info);

 private:
  // The operation is the method's data.
  Napi::Value Run(const Napi::CallbackInfo& info);

  AdminDriver* driver_ = nullptr;  // used in commands on the poll thread only, while the loop runs
};
