// Starts `cnndsl lsp` and hands it the specs that are open.

const { commands, window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function start() {
  const [command, ...args] = workspace.getConfiguration("cnndsl").get("command");
  client = new LanguageClient(
    "cnndsl",
    "cnndsl",
    { command, args },
    {
      documentSelector: [{ language: "cnn" }],
      synchronize: { fileEvents: workspace.createFileSystemWatcher("**/*.cnn") },
    },
  );
  try {
    await client.start();
  } catch {
    window.showErrorMessage(
      `cnndsl: \`${command}\` did not start. Install it with \`pip install 'cnndsl[editor]'\`, ` +
        "or say in the setting `cnndsl.command` where it is.",
    );
  }
}

async function stop() {
  if (client?.isRunning()) {
    await client.stop();
  }
  client = undefined;
}

async function activate(context) {
  const restart = async () => {
    await stop();
    await start();
  };
  context.subscriptions.push(
    commands.registerCommand("cnndsl.restart", restart),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("cnndsl.command")) {
        restart();
      }
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
