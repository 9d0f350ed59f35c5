/** What the outside uses of BTF: values to and from bytes, variables of data sections, names and members of types, fields the kernel owns. */
export { type DatasecVar, type Decoded, type DecodeOpts, datasecVars, decodeBtf } from './btf-decode.ts';
export { encodeBtf } from './btf-encode.ts';
export { type TypeMember, typeDeclaration, typeMembers, typeName, typeSize } from './btf-types.ts';
export { type SpecialTypeField, specialFields } from './special-fields.ts';
