// What every fuzz target starts from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// The bytes that libFuzzer hands over, as text.
inline std::string_view FuzzInput(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
