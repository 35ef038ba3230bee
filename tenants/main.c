/*
 * tollgate-control: the commands of operators. Everything it does stands in command.c.
 */
#include <unistd.h>

#include "tenants/command.h"

int main(int argc, char **argv)
{
    (void)argc;
    return command_main(argv, environ);
}
