/** The panel of exports: begin one, see how far it is, cancel it, fetch the file. */

import {
  Closed,
  type Export,
  type ExportRequest,
  exportFile,
  JobFailed,
  type JobWord,
  listExports,
  TransportFailed,
  watchExport,
} from "../../client/index.ts";
import { wordsOf } from "../../elements/denial.ts";
import { voice } from "../spoken/voice.ts";
import { byId, make, Text } from "../ui/dom.ts";
import { serverUrl } from "../ui/server-url.ts";
import { button, listen } from "./forms.ts";
import { type Row, Rows } from "./rows.ts";
import { jobWords } from "./words.ts";

/** Where the server is away, earlier exports are asked for again after so long. */
const AGAIN_MS = 10_000;

export class JobsPanel {
  readonly #kind = byId<HTMLSelectElement>("job-kind");
  readonly #channel = byId<HTMLSelectElement>("job-channel");
  readonly #symbols = byId<HTMLInputElement>("job-symbols");
  readonly #format = byId<HTMLSelectElement>("job-format");
  readonly #problem = byId("jobs-problem");
  readonly #about = new Text();
  readonly #jobs = new Map<string, { job: JobWord; file: Export }>();
  readonly #rows: Rows<JobWord>;
  #isFrameDue = false;
  #loading: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    byId("jobs-about").append(this.#about.node);
    this.#rows = new Rows(byId("job-list"), ({ id }) => {
      const url = this.#jobs.get(id)?.file.url ?? "";
      return new JobRow(id, url, () => void this.#cancel(id));
    });
    this.#kind.addEventListener("change", () => this.#suit());
    listen("job-form", () => this.#begin());
    byId("jobs").addEventListener("toggle", () => void this.#load());
    this.#suit();
    void this.#load();
  }

  /** Bars are of one channel. */
  #suit(): void {
    const areBars = this.#kind.value === "bars";
    this.#channel.disabled = areBars;
    if (areBars) {
      this.#channel.value = "bars";
    }
  }

  /** Go on with the exports of an earlier visit, or of another page. */
  async #load(): Promise<void> {
    clearTimeout(this.#loading);
    this.#loading = undefined;
    try {
      for (const job of await listExports({ url: serverUrl() })) {
        if (!this.#jobs.has(job.id)) {
          const file = watchExport(
            job.id,
            this.#options(() => file),
          );
          this.#jobs.set(job.id, { job, file });
          this.#follow(file);
        }
      }
      this.#draw();
    } catch (error) {
      this.#tell(error as Error);
      if (error instanceof TransportFailed) {
        this.#loading ??= setTimeout(() => void this.#load(), AGAIN_MS);
      }
    }
  }

  #begin(): void {
    const symbols = this.#symbols.value.split(",").map((symbol) => symbol.trim());
    const request = {
      kind: this.#kind.value as ExportRequest["kind"],
      format: this.#format.value as ExportRequest["format"],
      [this.#channel.value]: symbols.filter((symbol) => symbol !== ""),
    };
    this.#problem.textContent = "";
    const file: Export = exportFile(
      request,
      this.#options(() => file),
    );
    this.#follow(file);
  }

  #options(file: () => Export) {
    return {
      url: serverUrl(),
      onProgress: (job: JobWord) => {
        this.#jobs.set(job.id, { job, file: file() });
        this.#draw();
      },
    };
  }

  #follow(file: Export): void {
    file.finished().then(
      ({ format }) => {
        voice.news("export", `The ${format} export is done`);
      },
      (error: Error) => {
        if (!(error instanceof JobFailed || error instanceof Closed)) {
          this.#tell(error); // of a job that failed its row says it
        }
      },
    );
  }

  async #cancel(id: string): Promise<void> {
    const held = this.#jobs.get(id);
    try {
      await held?.file.cancel();
      if (held !== undefined && !isRunning(held.job)) {
        this.#jobs.delete(id); // its file is gone with it
        this.#draw();
      }
    } catch (error) {
      this.#problem.textContent = wordsOf(error as Error);
    }
  }

  #draw(): void {
    if (this.#isFrameDue) {
      return;
    }
    this.#isFrameDue = true;
    requestAnimationFrame(() => {
      this.#isFrameDue = false;
      const jobs = [...this.#jobs.values()].map(({ job }) => job).reverse();
      this.#rows.show(jobs, ({ id }) => id);
      const running = jobs.filter(isRunning).length;
      this.#about.set(running === 0 ? "" : `${running} running`);
    });
  }

  #tell(error: Error): void {
    if (!(error instanceof TransportFailed)) {
      this.#problem.textContent = wordsOf(error);
    }
  }
}

function isRunning({ state }: JobWord): boolean {
  return state === "queued" || state === "running";
}

class JobRow implements Row<JobWord> {
  readonly node: HTMLElement;
  readonly #what = new Text();
  readonly #words = new Text();
  readonly #bar: HTMLProgressElement;
  readonly #link: HTMLAnchorElement;
  readonly #cancel: HTMLButtonElement;

  constructor(id: string, url: string, cancel: () => void) {
    this.#bar = make("progress", { "aria-label": "Progress" });
    this.#link = make("a", { href: url, download: true, hidden: true }, "Download");
    this.#cancel = button("Cancel", cancel);
    this.node = make(
      "li",
      { "data-job": id },
      make("span", {}, this.#what.node),
      this.#bar,
      make("bdi", { class: "about wide" }, this.#words.node),
      this.#link,
      this.#cancel,
    );
  }

  show(job: JobWord): void {
    this.#what.set(`${job.exports} as ${job.format}`);
    this.#words.set(jobWords(job));
    this.node.dataset["state"] = job.state;
    this.#bar.hidden = !isRunning(job);
    if (job.total > 0) {
      this.#bar.max = job.total;
      this.#bar.value = Math.min(job.done, job.total);
    } else {
      this.#bar.removeAttribute("value"); // as far as is known it moves
    }
    this.#link.hidden = job.state !== "done";
    this.#cancel.textContent = isRunning(job) ? "Cancel" : "Remove";
  }
}
