using System.Runtime.InteropServices;

namespace Tiercel.Cli.Terminal;

/// <summary>SIGINT (Ctrl-C) and SIGTERM, taken from the runtime's default of ending the process.</summary>
internal static class ProcessSignals
{
    public static IDisposable Listen(Action interrupted)
    {
        void Handle(PosixSignalContext context)
        {
            context.Cancel = true;
            interrupted();
        }

        return new Registrations(PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle));
    }

    private sealed class Registrations(params PosixSignalRegistration[] all) : IDisposable
    {
        public void Dispose()
        {
            foreach (PosixSignalRegistration one in all)
            {
                one.Dispose();
            }
        }
    }
}
