/*
 * The reference implementation of LZ4, as a filter. Standard input holds records: two 32-bit numbers of this
 * machine, the length of what follows and the room for the result, then the bytes. For each record it writes
 * a 32-bit result and, when that is positive, so many bytes.
 *
 * Usage: liblz4 decompress | fast | hc. The library is loaded by name: Debian's liblz4-1 brings no headers.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*convert)(const char *source, char *target, int source_size, int target_size);
typedef int (*convert_hc)(const char *source, char *target, int source_size, int target_size, int level);

int main(int argc, char **argv)
{
	void *library = dlopen("liblz4.so.1", RTLD_NOW);
	const char *mode = argc > 1 ? argv[1] : "";
	int hc = strcmp(mode, "hc") == 0;
	const char *name = hc ? "LZ4_compress_HC"
			      : strcmp(mode, "fast") == 0 ? "LZ4_compress_default" : "LZ4_decompress_safe";
	void *function = library != NULL ? dlsym(library, name) : NULL;
	uint32_t head[2];

	if (function == NULL)
		return 77;
	while (fread(head, sizeof(head), 1, stdin) == 1) {
		/* Exactly as large as announced, for what watches memory. */
		char *source = malloc(head[0] + !head[0]), *target = malloc(head[1] + !head[1]);
		int32_t result;

		if (source == NULL || target == NULL || fread(source, 1, head[0], stdin) != head[0])
			return 1;
		result = hc ? ((convert_hc)function)(source, target, (int)head[0], (int)head[1], 9)
			    : ((convert)function)(source, target, (int)head[0], (int)head[1]);
		fwrite(&result, sizeof(result), 1, stdout);
		if (result > 0)
			fwrite(target, 1, (size_t)result, stdout);
		free(source);
		free(target);
	}
	return 0;
}
