# How llama.cpp is built; CMake reads this file when it meets llama.cpp's project
# (CMAKE_PROJECT_llama_cpp_INCLUDE).

# `llama-common` and its HTTP library serve llama.cpp's own programs. Python never loads them, they
# are more than half of the compile, and llama-cpp-python's CMakeLists forces them on.
set(LLAMA_BUILD_COMMON OFF)

if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  # The kernels are ggml's and keep -O3. What is left reads files and builds graphs, as fast with
  # -O1, and compiles in two thirds of the time; with its standard headers parsed once, in half.
  # Deferred, so that the targets are there and these options come last.
  cmake_language(DEFER CALL target_compile_options llama PRIVATE -O1)
  set(llama_headers "")
  foreach(header algorithm functional map memory regex set string unordered_map vector)
    list(APPEND llama_headers "$<$<COMPILE_LANGUAGE:CXX>:<${header}$<ANGLE-R>>")
  endforeach()
  cmake_language(DEFER CALL target_precompile_headers llama PRIVATE ${llama_headers})
endif()

# GCC before 12.4 and 13.3 drops the stores to AMX's tile configuration (GCC bug 114098): on a
# processor with AMX the first matrix product then ends the process.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
   AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64"
   AND (CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12.4
        OR (CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13
            AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13.3)))
  # -march=native would switch it on again, so it is deferred, too.
  cmake_language(
    DEFER CALL target_compile_options ggml-cpu PRIVATE
    -mno-amx-tile -mno-amx-int8 -mno-amx-bf16)
endif()
