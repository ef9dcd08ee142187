import { defineConfig } from "vitest/config";

/**
 * Tests run from the sources: no build is needed between an edit and a test. Not `import` among the conditions: Node would
 * take it for `require` as well, and hand ES modules to packages that do not expect them. It is implied where it applies.
 */
const fromSource = {
  resolve: { conditions: ["isocenter-src", "node"] },
  ssr: { resolve: { conditions: ["isocenter-src", "node"] } },
};

export default defineConfig({
  test: {
    reporters: ["default"],
    projects: [
      {
        ...fromSource,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.{ts,tsx}", "scripts/**/*.test.mjs"],
          environment: "node",
        },
      },
      {
        ...fromSource,
        test: {
          name: "conformance",
          include: ["conformance/**/*.test.ts"],
          environment: "node",
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Suites start servers and browsers of their own; on two cores they are steadier one after another.
          fileParallelism: false,
        },
      },
    ],
  },
});
