// All the script of /setup, inline and under the page's nonce: copies, shows how far the checks have come, follows the checklist.
// Without it every value is selected whole by one press, and the page comes whole at once.
addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.dataset.done = "";
});

const checks = document.getElementById("checks");
const watching = new MutationObserver(() => {
  const progress = document.getElementById("progress");
  if (progress) progress.value = checks.querySelectorAll("[data-check]:not([data-status=running])").length;
  else watching.disconnect();
});
watching.observe(checks, { childList: true, subtree: true });

// Only the rows that changed are replaced, so that only they are read out and the focus stays where it is.
const follow = async () => {
  const shown = document.getElementById("checklist");
  if (document.visibilityState === "visible") {
    const answer = await fetch("/setup/checklist").catch(() => null);
    if (answer?.status === 401 || answer?.status === 403) return;
    if (answer?.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of page.querySelectorAll("[data-part]")) {
        const old = shown.querySelector(`[data-part="${part.dataset.part}"]`);
        if (old && old.outerHTML !== part.outerHTML) old.replaceWith(part);
      }
      if (page.querySelector("[data-finished]")) return;
    }
  }
  setTimeout(follow, 2000);
};
if (!document.querySelector("#checklist [data-finished]")) setTimeout(follow, 2000);
