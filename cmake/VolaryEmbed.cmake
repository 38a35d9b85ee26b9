# volary_embed(layer FROM folder NAMESPACE name name=file …): text files as std::string_view constants of a layer, made at
# build time, so that a program carries them with it. `folder` holds a header assets.hpp that declares the names.

set(VOLARY_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed.cmake)

function(volary_embed layer)
  cmake_parse_arguments(EMBED "" "FROM;NAMESPACE" "ASSETS" ${ARGN})
  set(files "")
  set(pairs "")
  foreach(asset IN LISTS EMBED_ASSETS)
    string(REGEX MATCH "^([a-z_]+)=(.+)$" matched "${asset}")
    set(name ${CMAKE_MATCH_1})
    cmake_path(ABSOLUTE_PATH CMAKE_MATCH_2 BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/${EMBED_FROM} OUTPUT_VARIABLE file)
    if(NOT EXISTS ${file})
      message(FATAL_ERROR "${file} is missing; it is in the Debian package libjs-dygraphs (./dev setup installs it)")
    endif()
    list(APPEND files ${file})
    string(APPEND pairs "${name}=${file}|")
  endforeach()
  set(output ${CMAKE_BINARY_DIR}/generated/${EMBED_FROM}/assets.cpp)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DPAIRS=${pairs}" -DOUTPUT=${output} -DHEADER=${EMBED_FROM}/assets.hpp
            -DNAMESPACE=${EMBED_NAMESPACE} -P ${VOLARY_EMBED_SCRIPT}
    DEPENDS ${files} ${VOLARY_EMBED_SCRIPT}
    COMMENT "Embedding the assets of ${EMBED_FROM}"
    VERBATIM)
  target_sources(volary_${layer} PRIVATE ${output})
endfunction()
