import { type FormEvent, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useMay } from '../../../data/session.ts';
import { type RoomSetting, useAuthSettings, useSaveSettings } from '../../../data/settings.ts';
import { Button } from '../../../design/button.tsx';
import { SelectField, TextArea, TextField } from '../../../design/field.tsx';
import { Card } from '../../../design/layout.tsx';
import { ErrorBox, Note, Skeleton } from '../../../design/states.tsx';
import { useToasts } from '../../../design/toast.tsx';
import { effectiveChanges } from '../../../settings/fields.ts';
import { SaveBar } from '../../../settings/save-bar.tsx';
import { SettingField } from '../../../settings/setting-field.tsx';
import { type StandardMail, useMails, usePreview, useTestMail } from './data.ts';
import styles from './templates.module.css';

const words = (kind: string): string => {
  const text = kind.replace(/_notification$/, '').replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
};

/** What mails say, to change, look at and try: `/auth/templates/<kind>`. */
export function Templates() {
  const mails = useMails();
  const settings = useAuthSettings();
  const [path, go] = useLocation();
  const error = mails.error ?? settings.error;
  if (error) return <ErrorBox error={error} retry={() => void mails.refetch().then(() => settings.refetch())} />;
  if (!mails.data || !settings.data) return <Skeleton lines={8} />;
  const kind = path.split('/')[3];
  const mail = mails.data.find((each) => each.kind === kind) ?? (mails.data[0] as StandardMail);
  return (
    <div className={styles.edit}>
      <SelectField
        label="Mail"
        value={mail.kind}
        onChange={(event) => go(`/auth/templates/${event.currentTarget.value}`)}
      >
        {mails.data.map((each) => (
          <option key={each.kind} value={each.kind}>
            {words(each.kind)}
          </option>
        ))}
      </SelectField>
      <Template key={mail.kind} mail={mail} settings={settings.data.settings} />
      <Notices settings={settings.data.settings} />
    </div>
  );
}

function Template({ mail, settings }: { readonly mail: StandardMail; readonly settings: readonly RoomSetting[] }) {
  const may = useMay('owner');
  const looks = useMay('developer');
  const toasts = useToasts();
  const named = (name: string) => settings.find((setting) => setting.name === name);
  const kind = mail.kind.toUpperCase();
  const [subjectSetting, bodySetting] = [`GOTRUE_MAILER_SUBJECTS_${kind}`, `STACK_AUTH_TEMPLATE_${kind}`].map(named);
  const url = named(`GOTRUE_MAILER_TEMPLATES_${kind}`)?.text;
  const present = { subject: subjectSetting?.text || mail.subject, body: bodySetting?.text || mail.body };
  const [subject, setSubject] = useState(present.subject);
  const [body, setBody] = useState(present.body);
  const area = useRef<HTMLDivElement>(null);
  const save = useSaveSettings(() => toasts.done(`The next ${words(mail.kind).toLowerCase()} mail says this`));
  const changes = new Map<string, string | null>();
  if (subject !== present.subject)
    changes.set(`GOTRUE_MAILER_SUBJECTS_${kind}`, subject === mail.subject ? null : subject);
  if (body !== present.body) changes.set(`STACK_AUTH_TEMPLATE_${kind}`, body === mail.body ? null : body);
  const isOwn = subjectSetting?.changedHere || bodySetting?.changedHere;

  const insert = (variable: string) => {
    const field = area.current?.querySelector('textarea');
    const at = field?.selectionStart ?? body.length;
    const end = field?.selectionEnd ?? at;
    setBody(`${body.slice(0, at)}{{ .${variable} }}${body.slice(end)}`);
    field?.focus();
  };
  return (
    <>
      {url && !bodySetting?.isSet && (
        <Note>
          The body is fetched from <code>{url}</code>. What is saved here takes its place.
        </Note>
      )}
      <div className={styles.columns}>
        <Card
          title="Template"
          actions={
            may &&
            isOwn && (
              <Button
                small
                icon="undo"
                onClick={() => {
                  setSubject(mail.subject);
                  setBody(mail.body);
                }}
              >
                Standard text
              </Button>
            )
          }
        >
          <div ref={area} className={styles.edit}>
            <TextField
              label="Subject"
              readOnly={!may}
              value={subject}
              onChange={(event) => setSubject(event.currentTarget.value)}
            />
            <TextArea
              label="Body (HTML)"
              readOnly={!may}
              value={body}
              onChange={(event) => setBody(event.currentTarget.value)}
            />
          </div>
          {may && (
            <fieldset className={styles.words} style={{ border: 0, margin: 0, padding: 0 }}>
              <legend className="visually-hidden">Insert a variable</legend>
              {mail.variables.map((variable) => (
                <Button key={variable} small onClick={() => insert(variable)}>
                  {`.${variable}`}
                </Button>
              ))}
            </fieldset>
          )}
        </Card>
        {looks ? (
          <Preview mail={mail} subject={subject} body={body} />
        ) : (
          <Note>Developers and owners see here what the mail looks like.</Note>
        )}
      </div>
      <SaveBar
        count={changes.size}
        busy={save.isPending}
        error={save.error}
        onSave={() => save.mutate(changes)}
        onDiscard={() => {
          setSubject(present.subject);
          setBody(present.body);
          save.reset();
        }}
      />
    </>
  );
}

function Preview({
  mail,
  subject,
  body,
}: {
  readonly mail: StandardMail;
  readonly subject: string;
  readonly body: string;
}) {
  const may = useMay('owner');
  const draft = useMemo(() => ({ kind: mail.kind, subject, body }), [mail.kind, subject, body]);
  const preview = usePreview(draft);
  return (
    <Card title="Preview" about="Filled in for Ann Example, who does not exist.">
      {preview.error ? (
        <ErrorBox error={preview.error} />
      ) : preview.data ? (
        <>
          <p>
            <b>{preview.data.subject}</b>
          </p>
          {/* A frame for each draft: one that is sent elsewhere while it loads may stay where it was. */}
          <iframe
            key={preview.data.path}
            className={styles.frame}
            title="Preview of the mail"
            src={preview.data.path}
            sandbox=""
          />
        </>
      ) : (
        <Skeleton lines={6} />
      )}
      {may && <TestMail draft={draft} />}
    </Card>
  );
}

function TestMail({ draft }: { readonly draft: { kind: string; subject: string; body: string } }) {
  const toasts = useToasts();
  const [to, setTo] = useState('');
  const send = useTestMail((address) => toasts.done(`A test mail to ${address} is sent`));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate({ draft, to });
  };
  return (
    <form className={styles.row} onSubmit={submit}>
      <div className={styles.grow}>
        <TextField
          label="Send a test mail to"
          type="email"
          required
          autoComplete="email"
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
      </div>
      <Button type="submit" icon="mail" disabled={send.isPending}>
        Send
      </Button>
      {send.error && <ErrorBox error={send.error} />}
    </form>
  );
}

function Notices({ settings }: { readonly settings: readonly RoomSetting[] }) {
  const may = useMay('owner');
  const toasts = useToasts();
  const [drafts, setDrafts] = useState<ReadonlyMap<string, string | null>>(new Map());
  const save = useSaveSettings(() => {
    setDrafts(new Map());
    toasts.done('The notices are saved');
  });
  const changes = effectiveChanges(drafts, settings);
  return (
    <Card title="Notices" about="Mails that tell users of changes of their account.">
      {settings
        .filter(({ name }) => name.startsWith('GOTRUE_MAILER_NOTIFICATIONS_'))
        .map((setting) => (
          <SettingField
            key={setting.name}
            setting={setting}
            draft={drafts.get(setting.name)}
            readOnly={!may}
            onChange={(draft) =>
              setDrafts((all) => {
                const next = new Map(all);
                if (draft === undefined) next.delete(setting.name);
                else next.set(setting.name, draft);
                return next;
              })
            }
          />
        ))}
      <SaveBar
        count={changes.size}
        busy={save.isPending}
        error={save.error}
        onSave={() => save.mutate(changes)}
        onDiscard={() => setDrafts(new Map())}
      />
    </Card>
  );
}
