declare module "@cornerstonejs/codec-charls/wasmjs";
declare module "@cornerstonejs/codec-openjpeg/wasmjs";
declare module "@cornerstonejs/codec-openjph/wasmjs";
