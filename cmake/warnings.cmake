# Warnings are errors, under gcc and clang alike; but not where somebody only wants to run it (the release preset): with
# more optimization gcc guesses more, and no newcomer's build shall fail over a guess.
option(TOLLGATE_WERROR "Warnings are errors" ON)
if(TOLLGATE_WERROR)
  add_compile_options(-Werror)
endif()
add_compile_options(
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wundef -Wvla
  -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wpointer-arith -Wwrite-strings
  -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough -fno-common)
# __int128 is money's type; __VA_OPT__ is in both compilers.
add_compile_options(-fstack-protector-strong -fno-omit-frame-pointer)
add_compile_definitions(_GNU_SOURCE H2O_USE_LIBUV=0 TOLLGATE_VERSION="${PROJECT_VERSION}")
include_directories(${CMAKE_SOURCE_DIR})
if(TOLLGATE_SANITIZE)
  add_compile_options(-fsanitize=${TOLLGATE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TOLLGATE_SANITIZE})
endif()
if(TOLLGATE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
if(TOLLGATE_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
