namespace Tiercel.Bench.Engine.Http;

/// <summary>Plain words, about a token each, other ones for each seed.</summary>
internal static class WordSource
{
    private static readonly string[] Words = (
        "time year people way day man thing woman life child world school state family student group country problem hand part place case week company system program question work "
        + "government number night point home water room mother area money story fact month lot right study book eye job word business issue side kind head house service friend father power "
        + "hour game line end member law car city community name president team minute idea body information back parent face others level office door health person art war history party result "
        + "change morning reason research girl guy moment air teacher force education").Split(' ');

    public static string Text(int words, int seed)
    {
        Random random = new(seed);
        return string.Join(' ', Enumerable.Range(0, words).Select(_ => Words[random.Next(Words.Length)]));
    }
}
