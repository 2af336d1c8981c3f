// The package's main entry is CommonJS under an ES type; its module file has no types of its own.
declare module "wgsl_reflect/wgsl_reflect.module.js" {
  export * from "wgsl_reflect";
}
