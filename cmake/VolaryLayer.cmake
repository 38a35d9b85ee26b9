# volary_layer(name [FOLDER folder] [WITHOUT folder…] SEES … USES …): one folder, one static library, one name to link.
#
# Every .cpp below the folder belongs to the layer (main.cpp, the shell's entry, does not, nor what is below a folder
# WITHOUT which it is built, because that is a layer of its own), so that a new file cannot be forgotten. SEES is what
# the layer's headers may include; USES is what only its .cpp files touch.

add_library(volary_warnings INTERFACE)
target_compile_options(volary_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers
  -Werror)
# One seed, one run (style §7): results must not depend on fused multiply-add.
add_library(volary_numerics INTERFACE)
target_compile_options(volary_numerics INTERFACE -ffp-contract=off)

function(volary_layer name)
  cmake_parse_arguments(LAYER "" "FOLDER" "WITHOUT;SEES;USES" ${ARGN})
  if(NOT LAYER_FOLDER)
    set(LAYER_FOLDER ${name})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${LAYER_FOLDER}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  foreach(other IN LISTS LAYER_WITHOUT)
    list(FILTER sources EXCLUDE REGEX "^${PROJECT_SOURCE_DIR}/${other}/")
  endforeach()
  if(NOT sources)
    add_library(volary_${name} INTERFACE)
    target_include_directories(volary_${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(volary_${name} INTERFACE ${LAYER_SEES})
  else()
    add_library(volary_${name} STATIC ${sources})
    target_include_directories(volary_${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(volary_${name} PUBLIC ${LAYER_SEES} PRIVATE ${LAYER_USES} volary_warnings volary_numerics)
    if(VOLARY_TESTS)
      volary_links_alone(${name})
    endif()
  endif()
  add_library(volary::${name} ALIAS volary_${name})
endfunction()

# The layer whole, with what it sees and nothing else: a symbol borrowed from a layer above does not link.
function(volary_links_alone name)
  set(main ${CMAKE_BINARY_DIR}/alone/main.cpp)
  file(CONFIGURE OUTPUT ${main} CONTENT "int main() {}\n")
  add_executable(volary_${name}_alone ${main})
  target_link_libraries(volary_${name}_alone PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,volary_${name}>)
  set_target_properties(volary_${name}_alone PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/alone)
endfunction()

function(volary_program name)
  cmake_parse_arguments(PROGRAM "" "" "FROM;SEES" ${ARGN})
  if(EXISTS ${PROJECT_SOURCE_DIR}/${PROGRAM_FROM})
    add_executable(${name} ${PROJECT_SOURCE_DIR}/${PROGRAM_FROM})
    target_link_libraries(${name} PRIVATE ${PROGRAM_SEES} volary_warnings volary_numerics)
  endif()
endfunction()
