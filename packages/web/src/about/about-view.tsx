/** What runs here, and how to send to it. */
import type { About } from "../api/types.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { Mark } from "../ui/icons.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";

export function AboutView({ about, error }: { readonly about: About | undefined; readonly error: unknown }) {
  if (about === undefined) return error === null ? null : <ProblemPanel error={error} />;
  const { dicom, http, counts } = about;
  const commands = [
    ["Verify", `echoscu -aec ${dicom.aeTitle} ${dicom.host} ${dicom.port}`],
    ["Send with DCMTK", `storescu -aec ${dicom.aeTitle} ${dicom.host} ${dicom.port} +sd +r FOLDER`],
    ["Send with Isocenter", `npx isocenter store ${dicom.host}:${dicom.port} -aec ${dicom.aeTitle} FOLDER`],
  ] as const;
  return (
    <section className="page narrow" aria-labelledby="about-title">
      <header className="about-head">
        <Mark size={44} />
        <div>
          <h1 id="about-title">Isocenter</h1>
          <p className="muted">
            Version {about.version}, MIT licence. DICOM archive, gateway and workstation.
          </p>
        </div>
      </header>
      <dl className="facts">
        <dt>DICOM</dt>
        <dd>
          {dicom.aeTitle} on {dicom.host}:{dicom.port}
        </dd>
        <dt>HTTP</dt>
        <dd>
          {http.host}:{http.port}, <a href="/api/openapi.json">OpenAPI document</a>
        </dd>
        <dt>Data folder</dt>
        <dd>{about.dataFolder}</dd>
        <dt>Holds</dt>
        <dd>
          {counts.patients} patients, {counts.studies} studies, {counts.series} series, {counts.instances}{" "}
          instances
        </dd>
        <dt>Running since</dt>
        <dd>{new Date(about.startedAt).toLocaleString()}</dd>
      </dl>
      <h2>Send images here</h2>
      {commands.map(([name, line]) => (
        <div className="command" key={name}>
          <span className="muted">{name}</span>
          <code>{line}</code>
          <CopyButton text={line} />
        </div>
      ))}
      <p className="muted">Not a medical device: not for primary diagnosis.</p>
    </section>
  );
}
