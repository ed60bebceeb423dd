# SPDX-License-Identifier: Apache-2.0
# fairlead_group(<target> <variable>)
#   With FAIRLEAD_UNITY, replaces the sources in <variable> by generated groups of them: a full build
#   then reads the shared headers once per group. See unity.py.
find_program(FAIRLEAD_PYTHON python3 REQUIRED)
function(fairlead_group target variable)
  if(FAIRLEAD_UNITY)
    execute_process(
      COMMAND "${FAIRLEAD_PYTHON}" "${PROJECT_SOURCE_DIR}/scripts/cmake/unity.py"
        "${PROJECT_BINARY_DIR}/unity/${target}" 10 ${${variable}}
      OUTPUT_VARIABLE groups COMMAND_ERROR_IS_FATAL ANY)
    set(${variable} ${groups} PARENT_SCOPE)
    # Editing a source must regroup when it brings a clash.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${${variable}})
  endif()
endfunction()

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
  fairlead_group(fairlead_${name} sources)
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
  fairlead_group(${target} ARG_SOURCES)
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE fairlead_flags fairlead_test_support ${ARG_LIBS})
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
