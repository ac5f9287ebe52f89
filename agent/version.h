/* version.h — `antipode version`: what this program is and what it was built with. */
#pragma once

#include <stdio.h>

void version_write(FILE *to);
