/** What runs here, how to send to it, and what it is not for. */
import type { About } from "../api/types.ts";
import { useText, useWords } from "../messages/use-text.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { Mark } from "../ui/icons.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";

export function AboutView({ about, error }: { readonly about: About | undefined; readonly error: unknown }) {
  const text = useText().about;
  const { language } = useWords();
  if (about === undefined) return error === null ? null : <ProblemPanel error={error} />;
  const { dicom, http, counts } = about;
  const commands = [
    [text.verify, `echoscu -aec ${dicom.aeTitle} ${dicom.host} ${dicom.port}`],
    [text.sendDcmtk, `storescu -aec ${dicom.aeTitle} ${dicom.host} ${dicom.port} +sd +r FOLDER`],
    [text.sendIsocenter, `npx isocenter store ${dicom.host}:${dicom.port} -aec ${dicom.aeTitle} FOLDER`],
  ] as const;
  return (
    <section className="page narrow" aria-labelledby="about-title">
      <header className="about-head">
        <Mark size={44} />
        <div>
          <h1 id="about-title">Isocenter</h1>
          <p className="muted">{text.lead(about.version)}</p>
        </div>
      </header>
      <p className="not-for-diagnosis">{text.notForDiagnosis}</p>
      <dl className="facts">
        <dt>DICOM</dt>
        <dd>
          {dicom.aeTitle} · {dicom.host}:{dicom.port}
        </dd>
        <dt>DICOMweb</dt>
        <dd>{`${location.origin}/dicom-web`}</dd>
        <dt>HTTP</dt>
        <dd>
          {http.host}:{http.port}, <a href="/api/openapi.json">{text.openapi}</a>
        </dd>
        <dt>{text.dataFolder}</dt>
        <dd>{about.dataFolder}</dd>
        <dt>{text.holds}</dt>
        <dd>{text.counts(counts.patients, counts.studies, counts.series, counts.instances)}</dd>
        <dt>{text.since}</dt>
        <dd>{new Date(about.startedAt).toLocaleString(language)}</dd>
      </dl>
      <h2>{text.sendTitle}</h2>
      {commands.map(([name, line]) => (
        <div className="command" key={name}>
          <span className="muted">{name}</span>
          <code tabIndex={0}>{line}</code>
          <CopyButton text={line} />
        </div>
      ))}
    </section>
  );
}
