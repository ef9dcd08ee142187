/** Stands for xmlbuilder2, which vtk.js imports for file formats that are not read here (vite.config.ts). */

function unused(): never {
  throw new Error("XML files of vtk.js are not supported.");
}

export const create = unused;
export const convert = unused;
export const builder = unused;
export const fragment = unused;
