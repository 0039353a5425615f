using System.Runtime.InteropServices;

namespace Tiercel.Cli.Terminal;

/// <summary>SIGINT (Ctrl-C) and SIGTERM, and SIGHUP where it is wanted, taken from the runtime's default of ending the process.</summary>
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

    /// <summary>SIGHUP, by which an operator asks a server to look at its file. On Windows it means that the console closes, and is left alone.</summary>
    public static IDisposable ListenToHangUps(Action hungUp) => OperatingSystem.IsWindows()
        ? new Registrations()
        : new Registrations(PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            hungUp();
        }));

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
