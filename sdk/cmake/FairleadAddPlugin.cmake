# SPDX-License-Identifier: Apache-2.0
# fairlead_add_plugin(<name> SOURCES file… [LIBS library…])
#   Builds lib <name>.so with the flags that keep a plugin unloadable and its symbols private: one
#   export, no unique symbols, everything bound at load.
set(FAIRLEAD_PLUGIN_COMPILE_OPTIONS -fPIC -fvisibility=hidden -fno-math-errno
  -ffunction-sections -fdata-sections)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND FAIRLEAD_PLUGIN_COMPILE_OPTIONS $<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>
    $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>)
endif()
set(FAIRLEAD_PLUGIN_RUNTIME "${CMAKE_CURRENT_LIST_DIR}/static_runtime.cpp")
set(FAIRLEAD_PLUGIN_MAP "${CMAKE_CURRENT_LIST_DIR}/fairlead.map")

function(fairlead_add_plugin name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} MODULE ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden
    C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${name} PRIVATE ${FAIRLEAD_PLUGIN_COMPILE_OPTIONS})
  target_link_options(${name} PRIVATE "-Wl,--version-script=${FAIRLEAD_PLUGIN_MAP}"
    -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack -Wl,--exclude-libs,ALL)
  if(NOT FAIRLEAD_SANITIZE AND NOT FAIRLEAD_FUZZ)
    # Sanitizer runtimes resolve from the executable, so only plain builds can insist.
    # The static C++ runtime brings along unused parts that import pthread_key_create, which would
    # make the plugin not unloadable; only the BFD linker drops such imports with the sections.
    target_link_options(${name} PRIVATE -fuse-ld=bfd -Wl,--gc-sections -Wl,-z,defs -static-libgcc
      -static-libstdc++)
    target_sources(${name} PRIVATE "${FAIRLEAD_PLUGIN_RUNTIME}")
  endif()
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS "${FAIRLEAD_PLUGIN_MAP}")
  target_link_libraries(${name} PRIVATE fairlead_sdk ${ARG_LIBS})
endfunction()
