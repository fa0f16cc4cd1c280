// EventSource libraries that give their last id in the query, each as its documentation uses it.
//
// Arguments: the library, and the URL. Each event is told as a line of base64 that holds its last id
// and its data; errors are told too, since both libraries come back by themselves.
"use strict";

const libraries = {
  "event-source-polyfill": () => {
    const { EventSourcePolyfill } = require("event-source-polyfill");
    return (url) => new EventSourcePolyfill(url, { headers: { Authorization: "Bearer any" } });
  },
  "reconnecting-eventsource": () => {
    const { EventSource } = require("eventsource");
    const ReconnectingEventSource = require("reconnecting-eventsource").default;
    // It was written for browsers whose EventSource gives up where the network fails.
    class EventSourceThatGivesUp extends EventSource {
      set onerror(handle) {
        super.onerror = (event) => {
          this.close();
          handle(event);
        };
      }
    }
    const options = { eventSourceClass: EventSourceThatGivesUp, max_retry_time: 50 };
    return (url) => new ReconnectingEventSource(url, options);
  },
};

const tell = (told) =>
  process.stdout.write(`${Buffer.from(JSON.stringify(told)).toString("base64")}\n`);

const [library, url] = process.argv.slice(2);
const source = libraries[library]()(url);
source.addEventListener("message", (event) => tell({ id: event.lastEventId, data: event.data }));
source.onerror = (event) => tell({ error: String(event.status ?? event.type) });
for (const name of ["gap", "snapshot", "bye"]) {
  source.addEventListener(name, (event) => tell({ name, data: event.data }));
}
