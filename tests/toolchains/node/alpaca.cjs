// The dialect's own SDK for Node. Arguments: the URL, the id of a key and its secret.
//
// Trades, errors and states are told as lines of base64. It ends by itself once the SDK has given up.
"use strict";

const { streaming } = require("@alpacahq/alpaca-trade-api");

const tell = (told) =>
  process.stdout.write(`${Buffer.from(JSON.stringify(told)).toString("base64")}\n`);

const [url, keyId, secret] = process.argv.slice(2);
const stream = new streaming.StockDataStream({
  url,
  credentials: { keyId, secret },
  initialReconnectMs: 20,
  maxReconnectAttempts: streaming.UNLIMITED_RECONNECT_ATTEMPTS,
});
stream.on(streaming.EVENT.TRADE, (trade) => tell({ trade: trade.id }));
stream.on(streaming.EVENT.CLIENT_ERROR, (words) => tell({ error: String(words) }));
stream.on(streaming.EVENT.RECONNECTING, () => tell({ state: "reconnecting" }));
stream.onConnect(() => {
  tell({ state: "connected" });
  stream.subscribeForTrades(["AAPL"]);
});
stream.connect();
