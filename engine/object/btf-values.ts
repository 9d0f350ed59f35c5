/** What the outside uses of BTF: values to and from bytes, variables of data sections, names and members of types, fields the kernel owns. */
export { type DatasecVar, type DecodeOpts, datasecVars, decodeBtf } from './btf-decode.ts';
export { encodeBtf } from './btf-encode.ts';
export { type TypeMember, typeDeclaration, typeMembers, typeName, typeSize } from './btf-types.ts';
export { specialFields } from './special-fields.ts';
