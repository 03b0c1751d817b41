// Monotonic time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

inline Clock::time_point After(int64_t milliseconds) { return Clock::now() + std::chrono::milliseconds(milliseconds); }
inline bool Passed(const Deadline& deadline) { return deadline && Clock::now() >= *deadline; }
