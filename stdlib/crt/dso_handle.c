/*
** dso_handle.c - what C++ calls the program, of which there is one.
**
** SPDX-License-Identifier: Apache-2.0
*/
__attribute__((__visibility__("hidden"))) void *__dso_handle;
