# SPDX-License-Identifier: Apache-2.0
# fairlead_module(<name> [DEPS module…] [LIBS library…])
#   One kernel module: static library fairlead_<name> from src/*.cpp, public headers in include/.
#   DEPS are kernel modules of lower layers (LAYERS.toml decides), LIBS are private libraries.
function(fairlead_module name)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/src/*.cpp")
  if(NOT sources)
    # A module that is headers only still gets a library, so that tests and users link one name.
    file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/empty.cpp" "")
    set(sources "${CMAKE_CURRENT_BINARY_DIR}/empty.cpp")
  endif()
  add_library(fairlead_${name} STATIC ${sources})
  target_include_directories(fairlead_${name}
    PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/include" PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/src")
  list(TRANSFORM ARG_DEPS PREPEND fairlead_ OUTPUT_VARIABLE deps)
  target_link_libraries(fairlead_${name} PUBLIC ${deps} PRIVATE fairlead_flags ${ARG_LIBS})
endfunction()

# fairlead_test(<target> SOURCES file… [LIBS library…] [TIMEOUT s] [LABELS l…])
#   One CppUnit executable with the shared main; a CTest entry of the same name.
function(fairlead_test target)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE fairlead_flags fairlead_test_support ${ARG_LIBS})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
