// A worker of its own, which can tell the bench that the page is still there while a run keeps the page busy.

const tell = () => fetch("/alive", { method: "POST", body: "{}" }).catch(() => {});
tell();
setInterval(tell, 2000);
