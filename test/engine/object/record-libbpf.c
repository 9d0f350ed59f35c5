/* SPDX-License-Identifier: MIT */
// Records what libbpf makes of objects, as root on a kernel that loads them. Objects that do not load are left out:
//   cc -o /tmp/record-libbpf test/engine/object/record-libbpf.c -lbpf && cd fixtures &&
//   /tmp/record-libbpf objects/[!f]*/*.o projects/*/build/*.o loader/values.bpf.o
//     --btf loader/core-target.bpf.o loader/core-reader.bpf.o >../test/engine/object/libbpf-programs.txt
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

/* Data sections are called OBJECT.section, and so cut short. */
static const char *section_or_name(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map), *dot = strchr(name, '.');

	return dot ? dot : name;
}

static unsigned int crc32_of(const unsigned char *bytes, size_t size)
{
	unsigned int crc = ~0u;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static const char *map_by_fd(struct bpf_object *object, int fd)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		if (bpf_map__fd(map) == fd)
			return section_or_name(map);
	return "?";
}

static void record_program(const char *path, struct bpf_object *object, struct bpf_program *program)
{
	static struct bpf_insn insns[65536];
	size_t count = bpf_program__insn_cnt(program);

	memcpy(insns, bpf_program__insns(program), count * sizeof(*insns));
	printf("program|%s|%s|%d|%d|%zu|", path, bpf_program__name(program), bpf_program__type(program),
	       bpf_program__expected_attach_type(program), count);
	for (size_t i = 0; i < count; i++) {
		struct bpf_insn *insn = &insns[i];

		if (insn->code != (BPF_LD | BPF_IMM | BPF_DW) || insn->src_reg < 1 || insn->src_reg > 2)
			continue;
		printf("%zu:%s:%s+%d ", i, insn->src_reg == 1 ? "map" : "map_value", map_by_fd(object, insn->imm),
		       insn[1].imm);
		insn->src_reg = insn->imm = insn[1].imm = 0;
	}
	printf("|%x\n", crc32_of((unsigned char *)insns, count * sizeof(*insns)));
}

static void record_object(const char *path, const char *btf)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = btf);
	struct bpf_object *object = bpf_object__open_file(path, &opts);
	struct bpf_program *program;
	struct bpf_map *map;

	if (!object || bpf_object__load(object)) {
		fprintf(stderr, "%s does not load\n", path);
		bpf_object__close(object);
		return;
	}
	bpf_object__for_each_map(map, object)
		printf("map|%s|%s|%u|%u|%u|%u|%x\n", path, section_or_name(map), bpf_map__type(map), bpf_map__key_size(map),
		       bpf_map__value_size(map), bpf_map__max_entries(map), bpf_map__map_flags(map));
	bpf_object__for_each_program(program, object)
		if (bpf_program__autoload(program))
			record_program(path, object, program);
	bpf_object__close(object);
}

int main(int argc, char **argv)
{
	const char *btf = NULL;

	libbpf_set_print(quiet);
	printf("; libbpf %u.%u: map|object|name|type|key_size|value_size|max_entries|map_flags (hex)\n",
	       libbpf_major_version(), libbpf_minor_version());
	printf("; program|object|name|type|expected_attach_type|instructions|slot:kind:map+offset of each "
	       "reference|CRC32 of the instructions with references 0\n");
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--btf"))
			btf = argv[++i];
		else
			record_object(argv[i], btf);
	}
	return 0;
}
