/** `@isocenter/network/doctor`: what a DICOM peer does and does not, found out from the outside. */
export { examine } from "./examine.ts";
export { renderReport, type RenderOptions } from "./render.ts";
export {
  type DoctorEnvironment,
  type DoctorOptions,
  type DoctorReport,
  type Facts,
  type Failure,
  type Finding,
  type ProbeName,
  type ProbeProgress,
  type ProbeRecord,
  probeTitles,
  type QueryAnswer,
  type ServiceAnswer,
  type TitleTrial,
  type TlsAnswer,
} from "./types.ts";
