# SPDX-License-Identifier: Apache-2.0
# Compiler, warnings, sanitizers and the external libraries, in one place.
option(FAIRLEAD_TESTS "Build the tests" ON)
option(FAIRLEAD_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(FAIRLEAD_UNITY "Compile sources in groups: fast from nothing, slow after an edit" OFF)
set(FAIRLEAD_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
# A static library does not wait for the libraries that its users will link.
set(CMAKE_OPTIMIZE_DEPENDENCIES ON)
# Optimised, but with enough symbols for a backtrace, and assertions stay on.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1 -fno-omit-frame-pointer")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g1 -fno-omit-frame-pointer")

find_program(FAIRLEAD_CCACHE ccache)
if(FAIRLEAD_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${FAIRLEAD_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${FAIRLEAD_CCACHE}")
endif()
find_program(FAIRLEAD_MOLD mold)
if(FAIRLEAD_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(fairlead_flags INTERFACE)
target_compile_options(fairlead_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>)
if(FAIRLEAD_UNITY)
  # Types of an anonymous namespace are not in "the main file" when that is a group.
  target_compile_options(fairlead_flags INTERFACE
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>)
endif()
if(FAIRLEAD_SANITIZE)
  add_compile_options(-fsanitize=${FAIRLEAD_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FAIRLEAD_SANITIZE})
  add_compile_definitions(FAIRLEAD_SANITIZED=1)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The optimiser sees less under instrumentation and reports what is not there; Asio has fences
    # beside its locks, which the thread sanitizer need not understand.
    add_compile_options(-Wno-maybe-uninitialized -Wno-tsan)
  endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND (FAIRLEAD_FUZZ OR FAIRLEAD_SANITIZE MATCHES "undefined"))
  add_compile_options("-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/tests/ubsan.ignore")
endif()
if(FAIRLEAD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Poco REQUIRED COMPONENTS Foundation Util Net NetSSL Data DataSQLite Crypto Zip JSON XML)
find_package(Boost 1.74 REQUIRED COMPONENTS filesystem)
find_path(RAPIDJSON_INCLUDE rapidjson/document.h REQUIRED)
find_path(MYSQLCPPCONN_INCLUDE mysql_driver.h REQUIRED)
find_library(MYSQLCPPCONN_LIBRARY mysqlcppconn REQUIRED)
find_library(SQLITE_LIBRARY sqlite3 REQUIRED)
find_library(ZSTD_LIBRARY zstd REQUIRED)
find_library(CPPUNIT_LIBRARY cppunit)

# Third-party headers as system headers: our warnings are for our code.
add_library(fairlead_rapidjson INTERFACE)
target_include_directories(fairlead_rapidjson SYSTEM INTERFACE "${RAPIDJSON_INCLUDE}")
target_compile_definitions(fairlead_rapidjson INTERFACE RAPIDJSON_HAS_STDSTRING=1)

find_package(yaml-cpp REQUIRED)

# Asio compiled once: every user sees declarations only; kernel/runtime/src/asio.cpp has the code.
add_library(fairlead_asio INTERFACE)
target_include_directories(fairlead_asio SYSTEM INTERFACE "${Boost_INCLUDE_DIRS}")
target_compile_definitions(fairlead_asio INTERFACE BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_REGEX)
target_link_libraries(fairlead_asio INTERFACE Threads::Threads)
