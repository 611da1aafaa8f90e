// What makes the page an app: its files are kept, so that it opens without a network.

export function install() {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("/pages/phone/sw.js", { type: "module" }).catch(() => {
    // Without TLS a browser keeps no files; the page works as long as it is open.
  });
}
